import { Alert, Button, Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useLocation } from 'react-router';
import { ColourSchemeSwitch } from '../shell/colour-scheme-switch.tsx';
import { signInUrl } from './session.ts';

/** Shown to whoever isn't signed in; after signing in they are where they wanted to be. */
export function SignInPage() {
  const location = useLocation();
  const atSignIn = location.pathname === '/sign-in';
  const failed = atSignIn && new URLSearchParams(location.search).has('failed');
  return (
    <Center mih="100vh" p="md">
      <Paper className="panel" p={36} maw={440} w="100%" shadow="md">
        <Stack gap="md">
          <Group justify="space-between">
            <img src="/icon.svg" width={44} height={44} alt="" />
            <ColourSchemeSwitch />
          </Group>
          <div>
            <Title order={1} size="h2">
              Lakeloop
            </Title>
            <Text c="dimmed" mt={4}>
              Flag what looks wrong, see why, decide together. Every step is recorded and live for everyone.
            </Text>
          </div>
          {failed && (
            <Alert color="red" title="Signing in did not work">
              The sign-in was cancelled or took too long. Please try again.
            </Alert>
          )}
          <Button component="a" size="md" href={signInUrl(atSignIn ? '/' : location.pathname + location.search)} rightSection={<IconArrowRight size={18} />}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
