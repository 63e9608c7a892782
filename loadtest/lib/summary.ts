/** k6's own figures as JSON for `petpro load run`, which judges; nothing is printed here. */

type Summary = Record<string, string>;

const file = __ENV['PETPRO_LOAD_SUMMARY'];

export function summary(data: unknown): Summary {
  const text = JSON.stringify(data);
  return file ? { [file]: text } : { stdout: `${text}\n` };
}

export const trend_stats = ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'];

/** What holds for every scenario (design, goals): no 5xx, no dirty answer, nobody left waiting. */
export const clean_thresholds = {
  server_errors: ['count==0'],
  dirty_answers: ['count==0'],
  timeouts: ['count==0'],
};
