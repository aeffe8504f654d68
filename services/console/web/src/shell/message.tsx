import { Button, Center, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../api/api-error.ts';
import { inWords } from '../api/in-words.ts';
import { signInUrl } from '../session/session.ts';

/** A page or panel that has only something to say. */
export function Message({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <Center mih={280} p="xl">
      <Stack align="center" gap="xs" maw={440} ta="center">
        <Title order={2} size="h3">
          {title}
        </Title>
        <Text c="dimmed" component="div">
          {children}
        </Text>
        {action}
      </Stack>
    </Center>
  );
}

/** What went wrong, with the way on: sign in again, or try again. */
export function Problem({ error, retry }: { error: unknown; retry: () => void }) {
  const { title, detail } = inWords(error);
  const signedOut = error instanceof ApiError && error.status === 401;
  const again = (
    <Button mt="sm" variant="light" onClick={retry}>
      Try again
    </Button>
  );
  const signIn = (
    <Button mt="sm" component="a" href={signInUrl(location.pathname + location.search)}>
      Sign in
    </Button>
  );
  return (
    <div role="alert">
      <Message title={title} action={signedOut ? signIn : again}>
        {detail}
      </Message>
    </div>
  );
}
