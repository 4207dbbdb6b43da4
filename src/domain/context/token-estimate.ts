/**
 * Estimates the tokens of a text by classes of characters: no single ratio fits prose and base64, or Chinese and Amharic.
 * The weights are fitted to the tokenizer o200k. The token scale corrects for other tokenizers. One pass.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let index = 0;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    const end = runEnd(text, index, code);
    tokens += weighRun(text, index, end, code);
    index = end;
  }
  return Math.ceil(tokens);
}

const isUpper = (code: number) => code >= 65 && code <= 90;
const isLower = (code: number) => code >= 97 && code <= 122;
const isDigit = (code: number) => code >= 48 && code <= 57;
const isBreak = (code: number) => code === 10 || code === 13;

/** A run is letters of one case (a capital may begin small ones), digits, or a repeated character. */
function runEnd(text: string, start: number, code: number): number {
  let end = start + 1;
  const isAlike = isDigit(code)
    ? isDigit
    : isLower(code)
      ? isLower
      : isUpper(code)
        ? isUpper
        : isBreak(code)
          ? isBreak
          : null;
  if (isAlike === null) {
    while (code < 128 && text.charCodeAt(end) === code) end += 1;
    return end;
  }
  while (isAlike(text.charCodeAt(end))) end += 1;
  if (end === start + 1 && isUpper(code)) while (isLower(text.charCodeAt(end))) end += 1;
  return end;
}

function weighRun(text: string, start: number, end: number, code: number): number {
  const length = end - start;
  if (isDigit(code)) return Math.ceil(length / 3);
  if (isLower(code)) return weighWord(text, start, end, 0.24);
  if (isUpper(code))
    return isLower(text.charCodeAt(end - 1))
      ? weighWord(text, start, end, 0.24)
      : weighWord(text, start, end, 0.4);
  if (isBreak(code)) return 1 + length / 12;
  // A blank is part of the token of the next word, but not of a number.
  if (code === 32) return length > 1 ? 1 + length / 16 : isDigit(text.charCodeAt(end)) ? 1 : 0.05;
  if (code < 128) return code === 9 ? 0.6 * length : 0.75 + 0.2 * (length - 1);
  return weighBeyondAscii(code);
}

/** Pronounceable words have fewer tokens than random letters: a tokenizer's vocabulary holds them or long parts of them. */
function weighWord(text: string, start: number, end: number, perLetter: number): number {
  const length = end - start;
  const pronounceable = 1 + perLetter * Math.max(0, length - (perLetter > 0.3 ? 2 : 4));
  if (length < 3) return 1;
  let vowels = 0;
  for (let index = start; index < end; index += 1) if (isVowel(text.charCodeAt(index) | 32)) vowels += 1;
  return vowels * 5 < length ? Math.max(pronounceable, 0.6 * length) : pronounceable;
}

function isVowel(small: number): boolean {
  return small === 97 || small === 101 || small === 105 || small === 111 || small === 117 || small === 121;
}

/** Blocks of Unicode by their last character, with the tokens of a UTF-16 unit. */
const blocks: readonly (readonly [last: number, tokens: number])[] = [
  [0x00bf, 0.8], // Latin-1 punctuation
  [0x024f, 0.5], // Latin with marks
  [0x036f, 2], // phonetic letters, combining marks
  [0x03ff, 0.42], // Greek
  [0x052f, 0.34], // Cyrillic
  [0x058f, 0.6], // Armenian
  [0x05ff, 0.45], // Hebrew
  [0x06ff, 0.36], // Arabic
  [0x08ff, 1.3],
  [0x097f, 0.36], // Devanagari
  [0x0dff, 0.55], // Bengali to Sinhala
  [0x0e7f, 0.48], // Thai
  [0x0eff, 0.8], // Lao
  [0x0fff, 1.5], // Tibetan
  [0x109f, 0.6], // Myanmar
  [0x10ff, 0.5], // Georgian
  [0x11ff, 1.5],
  [0x139f, 1.9], // Ethiopic
  [0x177f, 1.9], // Cherokee, runes
  [0x17ff, 0.75], // Khmer
  [0x1dff, 1.9],
  [0x1eff, 0.6], // Vietnamese
  [0x1fff, 1.3], // Greek with accents
  [0x206f, 0.9], // dashes, quotes, joiners
  [0x23ff, 1.3],
  [0x25ff, 0.9], // box drawing
  [0x2fff, 2],
  [0x30ff, 0.65], // kana, CJK punctuation
  [0x33ff, 1.5],
  [0x4dbf, 2],
  [0x9fff, 0.85], // Han
  [0xabff, 1.9],
  [0xd7af, 0.6], // Hangul
  [0xdfff, 1.6], // surrogates
  [0xfeff, 1.9],
  [0xffff, 0.9], // full-width forms
];

const pageUnits = 16;

/** The weights by pages of 16 characters, so that no search is needed. Blocks begin and end at pages. */
const pageTokens = new Float64Array(0x10000 / pageUnits);
let nextPage = 0;
for (const [last, tokens] of blocks) {
  const end = (last + 1) / pageUnits;
  pageTokens.fill(tokens, nextPage, end);
  nextPage = end;
}

function weighBeyondAscii(code: number): number {
  return pageTokens[Math.floor(code / pageUnits)] ?? 2;
}
