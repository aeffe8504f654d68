import { stop } from './postgres.ts';

export default stop;
