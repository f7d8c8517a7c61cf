import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/commands/progress.js';

/** A terminal that remembers what is drawn, and a clock that stands still until it is set. */
function terminal(columns: number | undefined = 100): {
  drawn: string[];
  setClock: (milliseconds: number) => void;
  progress: Progress;
} {
  const drawn: string[] = [];
  let now = 1000;
  const screen = { isTTY: true, columns, write: (text: string) => drawn.push(text) };
  const progress = new Progress(screen as never, () => now);
  const setClock = (milliseconds: number): void => {
    now = 1000 + milliseconds;
  };
  return { drawn, setClock, progress };
}

test('the bar tells how much is done, how fast, and how long it takes yet', () => {
  const { drawn, setClock, progress } = terminal();
  setClock(2000);
  progress.update(25_000_000, 100_000_000, () => 500_000);
  assert.deepEqual(drawn, [
    `\r\x1b[K${'█'.repeat(6)}${'░'.repeat(18)}  25 %  25 MB of 100 MB  250,000 packets/s  6 s left`,
  ]);
});

test('the bar is not drawn more often than ten times a second', () => {
  const { drawn, setClock, progress } = terminal();
  for (let time = 0; time < 1000; time += 10) {
    setClock(time);
    progress.update(time + 1, 1000, () => time);
  }
  assert.equal(drawn.length, 10);
});

test('where nobody knows how long the capture is, there are figures and no bar', () => {
  const { drawn, setClock, progress } = terminal();
  setClock(1000);
  progress.update(2_500_000, undefined, () => 1234);
  assert.deepEqual(drawn, ['\r\x1b[K2.5 MB  1,234 packets/s']);
});

test('a narrow terminal gets a shorter bar, then none, and never a second line', () => {
  for (const columns of [80, 60, 40, 10]) {
    const { drawn, setClock, progress } = terminal(columns);
    setClock(2000);
    progress.update(25_000_000, 100_000_000, () => 500_000);
    const line = drawn[0]!.slice('\r\x1b[K'.length);
    assert.ok(line.length < columns, `${line.length} of ${columns} columns`);
    assert.equal(line.includes('█'), columns >= 60);
  }
});

test('a terminal that does not know its width is taken for an ordinary one', () => {
  const { drawn, progress } = terminal(0);
  progress.update(1, 2, () => 3);
  assert.ok(drawn[0]!.length > 40);
});

test('a file that grows while it is read is not more than done', () => {
  const { drawn, progress } = terminal();
  progress.update(300, 100, () => 1);
  assert.match(drawn[0]!, /█{24} 100 % /);
});

test('clearing takes the bar away, if there is one', () => {
  const { drawn, progress } = terminal();
  progress.clear();
  assert.deepEqual(drawn, []);
  progress.update(1, 2, () => 3);
  progress.clear();
  assert.equal(drawn[1], '\r\x1b[K');
});

test('nothing is drawn where there is no terminal', () => {
  const drawn: string[] = [];
  const progress = new Progress({ isTTY: false, write: text => drawn.push(text) });
  progress.update(1, 2, () => 3);
  progress.clear();
  assert.deepEqual(drawn, []);
});
