import { main } from './commands/cli.ts';
import { finish, processIo } from './commands/io.ts';

finish(await main(process.argv, processIo()));
