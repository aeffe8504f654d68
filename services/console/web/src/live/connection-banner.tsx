import { Alert, Button, Group } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { signInUrl } from '../session/session.ts';
import type { ConnectionView } from './connection.ts';

/** A cut shorter than this is nobody's concern, ms. */
const PATIENCE_MS = 1_500;

/** Says that the page may be behind, until it isn't. */
export function ConnectionBanner({ connection, problem }: ConnectionView) {
  const behind = connection === 'reconnecting' || connection === 'refused';
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setPatient(!behind), behind ? PATIENCE_MS : 0);
    return () => clearTimeout(timer);
  }, [behind]);
  const shown = behind && !patient;
  if (!shown) return undefined;
  if (connection === 'refused')
    return (
      <Alert color="red" mb="md" title="The live stream was refused" icon={<IconPlugConnectedX />}>
        <Group justify="space-between">
          {problem ?? 'Your session may have ended.'}
          <Button component="a" size="xs" variant="light" color="red" href={signInUrl(location.pathname)}>
            Sign in again
          </Button>
        </Group>
      </Alert>
    );
  return (
    <Alert color="orange" mb="md" title="Reconnecting …" icon={<IconPlugConnectedX />}>
      What you see may be a moment old. It goes on by itself as soon as the server answers.
    </Alert>
  );
}
