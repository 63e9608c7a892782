import type { CommandSpec } from './spec.ts';
import { desk_tree } from './tree-desk.ts';
import { ops_tree } from './tree-ops.ts';

/** Every command of the program. */
export const tree: readonly CommandSpec[] = [...desk_tree, ...ops_tree];
