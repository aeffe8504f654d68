import { randomInt } from 'node:crypto';

/** About 250 short, unmistakable words: eight bits each. */
const WORDS =
  `acorn agile alder amber anchor apple apron arch arrow aspen atlas attic autumn badge bagel bamboo banjo barley basil basin beacon beaver bell berry birch bison blossom boat
bonnet book bottle brave breeze brick bridge bright bronze brook brush bucket bugle butter cabin cactus calm camel candle canoe canyon carbon carpet castle cedar cellar chalk cherry
chestnut chess circle citrus clay clever cliff clock cloud clover coal cobalt cocoa comet copper coral cotton cove crane crater cricket crisp crown crystal curry daisy dawn deer delta
desert dial diamond dolphin dove dragon drum dune eagle early earth east easel echo elbow elder elm ember engine fable falcon fern ferry fiddle field finch flame flint flute foam forest
fossil fox fresh frost galaxy garden garlic gentle ginger glacier glass globe gold granite grape green grove guitar hammer harbor harp harvest hazel heron hickory hill honey horizon
indigo inlet iris iron island ivory ivy jacket jade jasmine jazz jewel jolly juniper kayak kettle kind kite koala lagoon lake lantern larch lark laurel lava leaf lemon lilac lily lime
linen lion lively lotus lucky lunar lynx magnet mango maple marble marsh meadow melon mellow mint mirror mist moon moss mule nectar needle nest noble north nutmeg oak oasis ocean olive
onion opal orange orbit orchid otter owl oyster paddle palm panda paper parrot peach pear pearl pebble pepper piano pine planet plum polar pond poppy prairie prism puffin quail quartz
quiet quilt rabbit radish rain raven reed ridge river robin rocket rose ruby saddle saffron sage sail salmon`.split(/\s+/);

/** Three words and three digits, about 34 bits: enough behind the limit on attempts (login-attempts.ts), and easy to type. */
export function memorablePassword(): string {
  const words = Array.from({ length: 3 }, () => WORDS[randomInt(WORDS.length)] ?? '');
  return `${words.join('-')}-${randomInt(100, 1000)}`;
}
