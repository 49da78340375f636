/** The pages of the catalogue as HTML; everything that comes from a manifest is escaped by the `html` tag. */
import { html } from 'hono/html';
import { dependentsPath, listPath, packagePath, pagesOf } from './addresses.ts';
import type { DependentsPage, LicenceCount, ListPage, PackagePage, Summary } from './model.ts';

/** HTML that may be put into other HTML. */
export type Html = ReturnType<typeof html>;

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  header { display: flex; gap: 1rem; align-items: baseline; border-bottom: 1px solid #ddd; padding-bottom: .5rem; }
  header b { font-size: 1.2rem; } header form { margin-left: auto; }
  a { color: #0a5c8a; text-decoration: none; } a:hover { text-decoration: underline; }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; }
  tr + tr td { border-top: 1px solid #eee; } small, .dim { color: #777; }
`;

/** The first page: every licence and how many packages have it. */
export function licencesHtml(licences: readonly LicenceCount[]): Html {
  const total = licences.reduce((sum, one) => sum + one.packages, 0);
  return frame(
    'Licences',
    html`<p>${total} packages are installed. <a href="${listPath({ page: 1 })}">All of them</a>, or by licence:</p>
      <table>
        ${licences.map(
          ({ licence, packages }) =>
            html`<tr>
              <td><a href="${listPath({ licence, page: 1 })}">${licence}</a></td>
              <td>${packages}</td>
            </tr>`,
        )}
      </table>`,
  );
}

/** A page of a list; `address` gives the address of its other pages. */
export function listHtml(title: string, list: ListPage, address: (page: number) => string): Html {
  const { total, page, packages } = list;
  const pages = pagesOf(total);
  const link = (to: number, text: string) => (to < 1 || to > pages ? '' : html`<a href="${address(to)}">${text}</a> `);
  return frame(
    title,
    html`<p>${total} packages, page ${page} of ${pages}. ${link(page - 1, 'Before')}${link(page + 1, 'Next')}</p>
      <table>
        ${packages.map((one) => row(one))}
      </table>`,
  );
}

/** A package's own page. */
export function packageHtml({ package: one, dependencies }: PackagePage): Html {
  return frame(
    `${one.name} ${one.version}`,
    html`<p>${one.description}</p>
      <p>
        Licence <a href="${listPath({ licence: one.licence, page: 1 })}">${one.licence}</a> ·
        ${one.partial ? 'at least ' : ''}${one.files} files, ${bytesText(one.bytes)} ·
        <a href="${dependentsPath(one.id)}">Who depends on this?</a>
      </p>
      <h2>Depends on</h2>
      <table>
        ${dependencies.map(({ package: installed, name, range, kind }) => {
          const note = kind === 'runtime' ? range : `${range}, ${kind}`;
          return installed
            ? row(installed, note)
            : html`<tr>
                <td>${name} <small>${note}</small></td>
                <td class="dim">not installed</td>
              </tr>`;
        })}
      </table>
      <h2>Largest files</h2>
      <table>
        ${one.largest.map(
          ({ path, bytes }) =>
            html`<tr>
              <td>${path}</td>
              <td>${bytesText(bytes)}</td>
            </tr>`,
        )}
      </table>`,
  );
}

/** Who depends on a package. */
export function dependentsHtml({ package: one, dependents }: DependentsPage): Html {
  return frame(
    `Who depends on ${one.name} ${one.version}`,
    html`<table>
        ${row(one)}
      </table>
      <h2>${dependents.length === 0 ? 'Nobody' : `Dependents: ${dependents.length}`}</h2>
      <table>
        ${dependents.map(({ package: dependent, range, kind }) => row(dependent, `asks for ${range}, ${kind}`))}
      </table>`,
  );
}

/** A page that says why there is none. */
export function problemHtml(text: string): Html {
  return frame('Not here', html`<p>${text}</p>`);
}

/** Bytes for people. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function row({ id, name, version, description, licence }: Summary, note = ''): Html {
  return html`<tr>
    <td><a href="${packagePath(id)}">${name}</a> <small>${version} ${note}</small></td>
    <td>${description}</td>
    <td>${licence}</td>
  </tr>`;
}

function frame(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <header>
          <b><a href="/">Catalogue</a></b>
          <a href="${listPath({ page: 1 })}">All packages</a>
          <form action="/search"><input name="q" aria-label="Search" placeholder="Search" maxlength="100" /></form>
        </header>
        <h1>${title}</h1>
        ${content}
      </body>
    </html>`;
}
