/** A link to the page on which a video is shown, if its address is one of the web. */
export function PageLink({ url, name }: { url: string | null | undefined; name: string }) {
  if (!url || !/^https?:\/\//i.test(url)) return null;
  return (
    <a className="page-link" href={url} rel="noopener noreferrer" aria-label={`Page of ${name}`}>
      Page
    </a>
  );
}
