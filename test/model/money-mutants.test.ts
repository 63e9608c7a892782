import { money_mutants } from './mutants.ts';
import { testMutants } from './mutate.ts';

await testMutants(money_mutants);
