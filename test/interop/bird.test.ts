import { bird } from './bird.ts';
import { testAgainst } from './matrix.ts';

testAgainst(bird);
