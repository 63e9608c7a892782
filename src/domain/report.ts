/** What the figures of a clinic are counted by. */
export const report_groups = ['day', 'week', 'vet', 'service'] as const;
export type ReportGroup = (typeof report_groups)[number];

/** Days in one report: a year and a day, so that a year compares with the one before. */
export const REPORT_DAYS_MAX = 366;
