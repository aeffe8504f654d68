import { stop } from './kafka.ts';

export default stop;
