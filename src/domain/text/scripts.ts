/** Letters of Chinese, Japanese and Korean, which have no blanks between words. Part of a character class. */
export const cjkLetters =
  "\\p{Script_Extensions=Han}\\p{Script_Extensions=Hiragana}\\p{Script_Extensions=Katakana}\\p{Script_Extensions=Hangul}\\p{Script_Extensions=Bopomofo}";

/** Their punctuation, which ends a word as a blank does in other scripts. Part of a character class. */
export const cjkPunctuation = "\\u3000-\\u303F\\uFF01-\\uFF0F\\uFF1A-\\uFF1F\\uFF3B-\\uFF40\\uFF5B-\\uFF65";
