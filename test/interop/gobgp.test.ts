import { gobgp } from './gobgp.ts';
import { testAgainst } from './matrix.ts';

testAgainst(gobgp);
