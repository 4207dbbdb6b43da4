import fc from "fast-check";
import { expect, test } from "vitest";
import { estimateTokens } from "../../../src/domain/context/token-estimate.ts";
import { defaultTokenScale } from "../../../src/domain/context/token-scale.ts";
import tokenCases from "../../cases/token-estimates.json";
import { measureCpuMs } from "../../support/cpu-time.ts";

const estimateOf = (text: string) => estimateTokens(text) * defaultTokenScale;

test.each(tokenCases.cases)(
  "with its margin, no estimate of $name is below the real count",
  ({ text, tokens }) => {
    expect(estimateOf(text)).toBeGreaterThanOrEqual(tokens);
  },
);

const proseAndCode = tokenCases.cases.filter(({ name }) => /prose|code|Chinese|Arabic|JSON/.test(name));

test.each(proseAndCode)(
  "the estimate of $name is at most two and a half times the real count",
  ({ text, tokens }) => {
    expect(estimateOf(text)).toBeLessThanOrEqual(2.5 * tokens);
  },
);

/** Texts with the number of tokens that o200k makes of them. */
const others: [name: string, text: string, tokens: number][] = [
  [
    "Russian",
    "Мы планируем выпустить бета-версию в эту пятницу, проверьте резервные копии базы данных. ",
    24,
  ],
  ["Hindi", "हम शुक्रवार को परीक्षण संस्करण जारी करने की योजना बना रहे हैं। ", 17],
  ["Korean", "우리는 금요일에 테스트 버전을 출시할 계획입니다. 데이터베이스 백업을 확인해 주세요. ", 22],
  ["Python", "def total(rows):\n    return sum(row['credits'] for row in rows if row.get('ok'))\n", 22],
  ["digits", "3141592653589793238462643383279502884197169399375105820974944592", 22],
  ["random letters", "xq zvk wjqp fgh btrn mlk vczx qwp zzt kjh rtp ", 25],
  ["base32", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPI2TMNZYHE3TIMRUGAYDCMRT", 39],
];

test.each(others)("the same is true of %s", (_, text, tokens) => {
  expect(estimateOf(text)).toBeGreaterThanOrEqual(tokens * 0.95);
  expect(estimateOf(text)).toBeLessThanOrEqual(2.5 * tokens);
});

test("an estimate is a whole number, and zero for an empty text", () => {
  expect(estimateTokens("")).toBe(0);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const estimate = estimateTokens(text);
      expect(Number.isSafeInteger(estimate) && (estimate > 0 || text === "")).toBe(true);
    }),
  );
});

test("the estimate of two texts together is close to the sum of both", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
      const apart = estimateTokens(one) + estimateTokens(other);
      expect(Math.abs(estimateTokens(one + other) - apart)).toBeLessThanOrEqual(4 + 0.2 * apart);
    }),
  );
});

test("a million characters are estimated in linear time", () => {
  const cpuMs = measureCpuMs(() => {
    for (const text of ["a", "1", " ", "-", "\n", "é", "Aa1", "🚀"]) estimateTokens(text.repeat(250_000));
  });
  expect(cpuMs).toBeLessThan(3_000);
});
