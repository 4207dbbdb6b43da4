/** The first so many answers, in the order in which they came. */
export function firstAnswers<T>(count: number, answers: readonly Promise<T>[]): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const came: T[] = [];
    for (const answer of answers) {
      answer.then((value) => {
        came.push(value);
        if (came.length === count) resolve([...came]);
      }, reject);
    }
  });
}
