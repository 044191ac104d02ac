import { openbgpd } from './openbgpd.ts';
import { testAgainst } from './matrix.ts';

testAgainst(openbgpd);
