// The tokens of one file as the grammar asks for them: look, take, accept, expect.

import type { Lexer, Token } from './lexer.js';
import { quote } from './quote.js';
import { isReserved } from './reserved.js';
import { type Position, SyntaxProblem } from './source.js';

/**
 * Never looks beyond the end of a line before that is taken, since a macro defined on one line changes how the next
 * is read.
 */
export class Cursor {
  readonly #lexer: Lexer;
  readonly #ahead: Token[] = [];
  #taken: Token[] = [];

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
  }

  /** The token `distance` places ahead, without taking it. */
  peek(distance = 0): Token {
    while (this.#ahead.length <= distance) this.#ahead.push(this.#lexer.next());
    return this.#ahead[distance]!;
  }

  get position(): Position {
    return this.peek().position;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind === 'problem') throw this.problem();
    this.#ahead.shift();
    this.#taken.push(token);
    return token;
  }

  /** Whether the statement ends here. */
  get isAtEnd(): boolean {
    const { kind } = this.peek();
    return kind === 'newline' || kind === 'end';
  }

  isWord(word: string, distance = 0): boolean {
    const token = this.peek(distance);
    return token.kind === 'word' && token.text === word;
  }

  isSymbol(symbol: string, distance = 0): boolean {
    const token = this.peek(distance);
    return token.kind === 'symbol' && token.text === symbol;
  }

  /** Takes the keyword if it is next. */
  acceptWord(word: string): boolean {
    return this.isWord(word) && this.take() !== undefined;
  }

  /** Takes one of the keywords if it is next. */
  acceptWords<Word extends string>(words: readonly Word[]): Word | null {
    const word = words.find(one => this.isWord(one));
    if (word !== undefined) this.take();
    return word ?? null;
  }

  acceptSymbol(symbol: string): boolean {
    return this.isSymbol(symbol) && this.take() !== undefined;
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) throw this.problem(`"${word}"`);
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.problem(`"${symbol}"`);
  }

  /** Takes a name: a string in quotes, or a word that is no keyword. `what` it should be is for the message. */
  name(what: string): string {
    const token = this.peek();
    const isName = token.kind === 'string' || (token.kind === 'word' && !isReserved(token.text));
    if (!isName) throw this.problem(what);
    return this.take().text;
  }

  /** Takes a word or a string, whatever it is, and gives it back as it would be written. */
  word(): string {
    const { kind } = this.peek();
    if (kind !== 'word' && kind !== 'string') throw this.problem('a value');
    return joinTokens([this.take()]);
  }

  /** Takes a whole number that is not negative. */
  number(what: string): number {
    const token = this.peek();
    if (token.kind !== 'word' || !/^\d{1,15}$/.test(token.text)) throw this.problem(what);
    return Number(this.take().text);
  }

  skipNewlines(): void {
    while (this.peek().kind === 'newline') this.take();
  }

  /** What to throw when something other than `expected` is next. */
  problem(expected?: string): SyntaxProblem {
    const token = this.peek();
    if (token.kind === 'problem') return new SyntaxProblem(token.message ?? 'not readable', token.position);
    const found = isAtLineEnd(token) ? 'the end of the line' : JSON.stringify(token.text);
    const hint = token.text === '\r' ? ' (the file has DOS line ends)' : '';
    const message = expected === undefined ? `unexpected ${found}` : `expected ${expected}, found ${found}`;
    return new SyntaxProblem(message + hint, token.position);
  }

  /** Begins a part of a statement: {@link restFromMark} gives back everything from here on. */
  mark(): void {
    this.#taken = [];
  }

  /** Takes what is left of the statement and gives it back as text on one line, from the last {@link mark} on. */
  restFromMark(): string {
    while (!this.isAtEnd && this.peek().kind !== 'problem') this.take();
    const tokens = this.#taken.filter(token => token.kind !== 'newline');
    if (this.peek().kind === 'problem') tokens.push(this.#ahead.shift()!);
    this.#taken = [];
    return joinTokens(tokens);
  }

  /** Takes what is in brackets, the opening one being next, as text without them. */
  bracketed(): string {
    this.expectSymbol('(');
    const tokens: Token[] = [];
    for (let depth = 1; ; ) {
      if (this.isSymbol('(')) depth++;
      else if (this.isSymbol(')') && --depth === 0) break;
      else if (this.isAtEnd) throw this.problem('")"');
      tokens.push(this.take());
    }
    this.take();
    return joinTokens(tokens);
  }

  /** Takes the rest of a statement that may go on over line ends inside of braces. */
  restWithBraces(): string {
    const tokens: Token[] = [];
    for (let depth = 0; ; ) {
      const token = this.peek();
      if (token.kind === 'end' || (token.kind === 'newline' && depth === 0)) return joinTokens(tokens);
      if (this.isSymbol('{')) depth++;
      if (this.isSymbol('}')) depth = Math.max(0, depth - 1);
      this.take();
      if (token.kind !== 'newline') tokens.push(token);
    }
  }
}

function isAtLineEnd(token: Token): boolean {
  return token.kind === 'newline' || token.kind === 'end';
}

/** Tokens as text that is cut into the same tokens again, with the blanks a person would put. */
export function joinTokens(tokens: readonly Token[]): string {
  return tokens.map((token, i) => (isSpaced(tokens, i) ? ' ' : '') + tokenText(token)).join('');
}

/** Whether a blank goes before the token; where one is left out, the tokens stay apart without it. */
function isSpaced(tokens: readonly Token[], at: number): boolean {
  const isSymbol = (i: number, text: string): boolean =>
    tokens[i]?.kind === 'symbol' && tokens[i]?.text === text;
  const isWord = (i: number): boolean => tokens[i]?.kind === 'word';
  if (at === 0 || isSymbol(at, ',') || isSymbol(at, ')') || isSymbol(at - 1, '(')) return false;
  const dividesWords = (i: number): boolean => isSymbol(i, '/') && isWord(i - 1) && isWord(i + 1);
  if (dividesWords(at) || dividesWords(at - 1)) return false;
  const opensTable = isSymbol(at - 1, '<') && isWord(at) && isSymbol(at + 1, '>');
  const closesTable = isSymbol(at - 2, '<') && isWord(at - 1) && isSymbol(at, '>');
  return !opensTable && !closesTable;
}

function tokenText(token: Token): string {
  if (token.kind === 'string') return quote(token.text);
  if (token.kind === 'problem') return token.text;
  return token.text.replaceAll('\\', '\\\\');
}
