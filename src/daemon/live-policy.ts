// The policy of a running daemon: what the settings ask for, with what only the machine knows, and that changes.

import type { Logger } from 'pino';
import type { Settings } from '../options/table.js';
import type { GuardedRule, RuleGuard } from '../pfconf/guard.js';
import type { LiveRules } from '../pfconf/live/rules.js';
import type { Policy } from '../policy/policy.js';
import { interfaceIndex, interfaceNames, makePolicy } from './make-policy.js';
import {
  describeGaps,
  describeGuarded,
  guardByHand,
  guardFromListing,
  LOCAL_DIALECT,
  policyGuard,
} from './rule-guard.js';

/** What {@link LivePolicy} is made with. */
export interface LivePolicyOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Called with the policy that holds from now on. */
  readonly onPolicy: (policy: Policy) => void;
}

/** Keeps the policy true to the settings, to the rules in force and to this machine's interfaces. */
export class LivePolicy {
  readonly #logger: Logger;
  readonly #onPolicy: (policy: Policy) => void;
  #settings: Settings;
  /** What pfctl printed of the rules in force; undefined where it was not asked, or has not said yet. */
  #listing: string | undefined;
  #guard: RuleGuard;
  /** Rules of any guard so far whose records were refused, which was told. */
  readonly #told = new WeakSet<GuardedRule>();
  #interfaceIndex: number | undefined;

  constructor({ settings, logger, onPolicy }: LivePolicyOptions) {
    this.#settings = settings;
    this.#logger = logger;
    this.#onPolicy = onPolicy;
    this.#guard = this.#readGuard(settings);
  }

  /** The policy as it is now. */
  make(): Policy {
    return this.#make(this.#settings, this.#guard);
  }

  /** Goes by the machine as it is now. */
  renew(): void {
    this.#onPolicy(this.make());
  }

  /** Goes on with other settings. @throws {UsageError} when they make no policy; then nothing has changed */
  use(settings: Settings): void {
    const guard = this.#readGuard(settings);
    const policy = this.#make(settings, guard);
    this.#settings = settings;
    this.#guard = guard;
    this.#onPolicy(policy);
  }

  /** Goes by the firewall's rules as they are now; those that redirect to a tarpit log nothing that counts. */
  guard(rules: LiveRules): void {
    if (rules.problem !== undefined) {
      this.#logger.warn(`${rules.problem}; only redirections that the log shows are told from others`);
      return;
    }
    this.#listing = rules.text;
    this.#guard = this.#readGuard(this.#settings);
    const { rules: guarded, gaps } = this.#guard;
    this.#logger.info(
      `rules read: ${guarded.length} of them send SMTP to a tarpit, ${gaps.length} are unclear`,
    );
    for (const line of describeGaps(this.#guard)) this.#logger.warn(line);
    for (const rule of guarded) this.#logger.debug(describeGuarded(rule));
    this.renew();
  }

  /** Looks at the interface that counts: one that was made anew has another index, by which NFLOG names it. */
  checkInterface(): void {
    const name = this.#settings.interface;
    if (name !== undefined && interfaceIndex(name) !== this.#interfaceIndex) this.renew();
  }

  #readGuard(settings: Settings): RuleGuard {
    if (this.#listing === undefined) return guardByHand(settings);
    return guardFromListing(this.#listing, 'pfctl -vvsr', settings, LOCAL_DIALECT);
  }

  #make(settings: Settings, guard: RuleGuard): Policy {
    const policy = makePolicy(settings);
    this.#interfaceIndex = policy.interface?.index;
    const warn = (rule: GuardedRule): void => this.#logger.warn(describeGuarded(rule));
    return { ...policy, nameInterface: interfaceNames(), ...policyGuard(guard, warn, this.#told) };
  }
}
