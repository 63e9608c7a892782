import { hold_mutants } from './mutants.ts';
import { testMutants } from './mutate.ts';

await testMutants(hold_mutants);
