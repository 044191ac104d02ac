import { exabgp } from './exabgp.ts';
import { testAgainst } from './matrix.ts';

testAgainst(exabgp);
