import type { CommandSpec } from './spec.ts';
import { desk_tree } from './tree-desk.ts';
import { load_tree } from './tree-load.ts';
import { ops_tree } from './tree-ops.ts';

/** Every command of the program. */
export const tree: readonly CommandSpec[] = [...desk_tree, ...ops_tree, ...load_tree];
