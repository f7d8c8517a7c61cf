// The contract of every database: what each method of the interface promises.

import { checkBatches } from './store-batch.js';
import { checkEdits } from './store-edit.js';
import { checkFind } from './store-find.js';
import { checkList } from './store-list.js';
import { checkModel } from './store-model.js';
import { checkRules } from './store-rules.js';
import { checkOf, type Subject } from './store-subject.js';

/**
 * Makes the tests of an adapter.
 * @param runs how many random histories are played through it beside a model
 */
export function storeContract(subject: Subject, runs = 40): void {
  const check = checkOf(subject);
  checkBatches(check);
  checkFind(check);
  checkList(check);
  checkEdits(check);
  checkRules(check, runs);
  checkModel(check, subject.gaps ?? {}, runs);
}
