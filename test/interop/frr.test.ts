import { frr } from './frr.ts';
import { testAgainst } from './matrix.ts';

testAgainst(frr);
