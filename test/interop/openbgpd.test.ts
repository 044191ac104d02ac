import { testAgainst } from './matrix.ts';
import { openbgpd } from './openbgpd.ts';

testAgainst(openbgpd);
