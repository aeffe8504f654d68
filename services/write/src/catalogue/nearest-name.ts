/** Names beyond this are no typing error, and the distance costs the product of both lengths. */
const LONGEST = 128;

/** The candidate most like `name`, if its likeness (1: equal, 0: nothing in common) reaches `least`; for hints. */
export function nearestName(candidates: readonly string[], name: string, least = 0.33): string | undefined {
  return nearestNames(candidates, name, least)[0]?.name;
}

/** Candidates that are like `name`, the most like it first: those that share three letters in a row with it, or else two. */
function nearestNames(candidates: readonly string[], name: string, least: number): { name: string; likeness: number }[] {
  const wanted = name.toLowerCase().slice(0, LONGEST);
  const sharing = (size: number): string[] => {
    const grams = gramsOf(wanted, size);
    return candidates.filter((candidate) => candidate.length <= LONGEST && [...gramsOf(candidate.toLowerCase(), size)].some((gram) => grams.has(gram)));
  };
  const alike = sharing(3);
  return (alike.length > 0 ? alike : sharing(2))
    .map((candidate) => ({ name: candidate, likeness: likenessOf(candidate.toLowerCase(), wanted) }))
    .filter(({ likeness }) => likeness >= least)
    .toSorted((a, b) => b.likeness - a.likeness || (a.name < b.name ? -1 : 1));
}

/** Of the name between two marks, so that its ends count. */
function gramsOf(name: string, size: number): Set<string> {
  const marked = `-${name}-`;
  return new Set(Array.from({ length: Math.max(1, marked.length - size + 1) }, (_, at) => marked.slice(at, at + size)));
}

function likenessOf(a: string, b: string): number {
  return 1 - editDistance(a, b) / Math.max(a.length, b.length, 1);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
