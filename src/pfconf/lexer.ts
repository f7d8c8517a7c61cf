// Characters of a rules file to tokens, as pfctl's own lexer cuts them: macros are replaced as text while reading.

import type { Position } from './source.js';

/**
 * `word` is unquoted, so it may be a keyword; `string` was in quotes, so it never is one. `problem` stands for the
 * rest of the line (or file) after something the lexer itself cannot read; its `text` is that rest, as it stands there.
 */
export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'newline' | 'end' | 'problem';
  readonly text: string;
  readonly position: Position;
  /** Why, for a problem. */
  readonly message?: string;
}

const PAIRS: ReadonlySet<string> = new Set(['!=', '<>', '<=', '><', '>=', '->']);
const isAlnum = (char: string): boolean => /^[A-Za-z0-9]$/.test(char);
const startsWord = (char: string): boolean => isAlnum(char) || char === ':' || char === '_';
const inWord = (char: string): boolean => char > ' ' && char <= '~' && !'(){}<>!=/#,'.includes(char);

/** Reads one file. Macros are looked up when they are met, so a definition counts from its own line on. */
export class Lexer {
  readonly #file: string;
  readonly #text: string;
  readonly #macros: ReadonlyMap<string, string>;
  #offset = 0;
  #line = 1;
  #column = 1;
  /** What is left of the macro being replaced, and where its name stands. */
  #expansion = '';
  #expansionOffset = 0;
  #expansionPosition: Position | undefined;

  constructor(file: string, text: string, macros: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#text = text;
    this.#macros = macros;
  }

  /** The next token; `end` again and again at the end of the file. */
  next(): Token {
    for (;;) {
      let char = this.#peek();
      while (char === ' ' || char === '\t') {
        this.#take();
        char = this.#peek();
      }
      if (char === '#') while (!['', '\n'].includes(this.#peek())) this.#take();
      else if (char === '$' && this.#expansionLeft === 0) {
        const problem = this.#expandMacro();
        if (problem) return problem;
      } else break;
    }
    return this.#token(this.#peek(), this.#position());
  }

  #token(char: string, position: Position): Token {
    if (char === '') return { kind: 'end', text: '', position };
    if (char === '"' || char === "'") return this.#quoted(char, position);
    if (startsWord(char)) return { kind: 'word', text: this.#word(), position };
    this.#take();
    if (char === '\n') return { kind: 'newline', text: char, position };
    const next = this.#peek();
    if (PAIRS.has(char + next)) {
      this.#take();
      return { kind: 'symbol', text: char + next, position };
    }
    if (char === '-' && /^\d$/.test(next)) return { kind: 'word', text: char + this.#word(), position };
    return { kind: 'symbol', text: char, position };
  }

  #word(): string {
    let text = '';
    while (inWord(this.#peek())) text += this.#take();
    return text;
  }

  /** A string in quotes: newlines inside are left out, `\` escapes the quote and blanks. */
  #quoted(mark: string, position: Position): Token {
    const start = this.#offset;
    this.#takeRaw();
    let text = '';
    for (;;) {
      const char = this.#peekRaw();
      if (char === '') return this.#problem(start, position, 'this string is never closed');
      this.#takeRaw();
      if (char === mark) return { kind: 'string', text, position };
      const next = char === '\\' ? this.#peekRaw() : '';
      if (next !== '' && [mark, ' ', '\t', '\n'].includes(next)) {
        this.#takeRaw();
        if (next !== '\n') text += next;
      } else if (char !== '\n') text += char;
    }
  }

  /** Puts the text of `$name` in front of what is still to be read; a problem where there is no such macro. */
  #expandMacro(): Token | undefined {
    const position = this.#position();
    const start = this.#offset;
    this.#take();
    let name = '';
    while (isAlnum(this.#peek()) || this.#peek() === '_') name += this.#take();
    const value = this.#macros.get(name);
    if (value !== undefined) {
      this.#expansion = value;
      this.#expansionOffset = 0;
      this.#expansionPosition = position;
      return undefined;
    }
    while (!['', '\n'].includes(this.#peek())) this.#take();
    return this.#problem(start, position, `macro "${name}" is not defined`);
  }

  #problem(start: number, position: Position, message: string): Token {
    return { kind: 'problem', text: this.#text.slice(start, this.#offset), position, message };
  }

  get #expansionLeft(): number {
    return this.#expansion.length - this.#expansionOffset;
  }

  #position(): Position {
    if (this.#expansionLeft > 0 && this.#expansionPosition) return this.#expansionPosition;
    return { file: this.#file, line: this.#line, column: this.#column };
  }

  /** The next character after continuation lines and the backslash in front of it are taken away; '' at the end. */
  #peek(): string {
    for (;;) {
      const char = this.#peekRaw();
      if (char !== '\\') return char;
      const next = this.#peekRaw(1);
      if (next !== '\n') return next;
      this.#takeRaw();
      this.#takeRaw();
    }
  }

  #take(): string {
    const char = this.#peek();
    if (this.#peekRaw() === '\\') this.#takeRaw();
    this.#takeRaw();
    return char;
  }

  #peekRaw(ahead = 0): string {
    const left = this.#expansionLeft;
    if (ahead < left) return this.#expansion[this.#expansionOffset + ahead]!;
    return this.#text[this.#offset + ahead - left] ?? '';
  }

  #takeRaw(): void {
    if (this.#expansionLeft > 0) {
      this.#expansionOffset++;
      return;
    }
    if (this.#offset >= this.#text.length) return;
    if (this.#text[this.#offset++] === '\n') {
      this.#line++;
      this.#column = 1;
    } else this.#column++;
  }
}
