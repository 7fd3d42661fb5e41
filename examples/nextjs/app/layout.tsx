import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { Outbox } from './outbox';

export const metadata: Metadata = { title: 'Pulse in Next.js', icons: 'data:,' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Outbox />
        {children}
      </body>
    </html>
  );
}
