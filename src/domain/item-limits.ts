/** Limits of several services in one booking; without zod, for the command line starts with them. docs/items.md. */

/** At most so many services in one booking; the twin of the check in sql/migrations/0068_items.sql. */
export const ITEMS_MAX = 8;
