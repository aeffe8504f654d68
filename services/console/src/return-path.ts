/** A path of the console to go on to; `/` for anything that could lead elsewhere. */
export function returnPath(wanted: string | undefined): string {
  const here = 'http://console.invalid';
  try {
    const url = new URL(wanted ?? '/', here);
    if (url.origin !== here || !(wanted ?? '/').startsWith('/') || url.pathname.startsWith('//')) return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}
