import { stop } from './redis.ts';

export default stop;
