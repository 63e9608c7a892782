/** What the figures of a clinic are counted by. */
export const report_groups = ['day', 'week', 'vet', 'service'] as const;
export type ReportGroup = (typeof report_groups)[number];

/** What the money of a clinic is summed by. */
export const money_groups = ['day', 'week', 'month', 'method'] as const;
export type MoneyGroup = (typeof money_groups)[number];

/** Days in one report: a year and a day, so that a year compares with the one before. */
export const REPORT_DAYS_MAX = 366;
