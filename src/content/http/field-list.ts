/** The members of a comma-separated field value, with quotes respected (RFC 9110 §5.6.1). */

/** The members in their order, without what is around them; empty ones are left out. */
export function fieldList(value: string | null | undefined): readonly string[] {
  const text = value ?? '';
  const members: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      members.push(text.slice(start, at));
      start = at + 1;
    }
  }
  members.push(text.slice(start));
  return members.map((member) => member.trim()).filter((member) => member !== '');
}

/** The members of a field of names, in lower case. */
export function fieldNames(value: string | null | undefined): readonly string[] {
  return fieldList(value).map((name) => name.toLowerCase());
}
