/** Comparing secrets, in a time that doesn't tell how much of them was right. */

const encoder = new TextEncoder();

/** Are these the same? Their digests are compared, each byte of them. */
export async function sameText(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((text) => crypto.subtle.digest('SHA-256', encoder.encode(text))));
  const [one, other] = [new Uint8Array(left), new Uint8Array(right)];
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one[i] ^ other[i];
  return difference === 0;
}
