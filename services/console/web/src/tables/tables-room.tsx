import { Center, Loader } from '@mantine/core';
import { useState } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { useFlows } from '../flows/flows.ts';
import type { ConnectionView } from '../live/connection.ts';
import { TABLES, useRooms } from '../shell/rooms.ts';
import { Shell } from '../shell/shell.tsx';
import { Follow } from './shown-stream.ts';
import { TABLES_HELP } from './tables-help.ts';
import { TablePage } from './table-page.tsx';
import { TablesPage } from './tables-page.tsx';
import './tables.css';

const PAGES = [{ to: TABLES.home, title: 'All tables' }];

/** Everything below `/tables`. */
export function TablesRoutes() {
  const flows = useFlows();
  const rooms = useRooms(flows.data ?? []);
  const [stream, follow] = useState<ConnectionView>();
  if (flows.isPending)
    return (
      <Center h="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  return (
    <Follow value={follow}>
      <Shell rooms={rooms} room={TABLES.name} pages={PAGES} stream={stream} help={TABLES_HELP}>
        <Routes>
          <Route index element={<TablesPage />} />
          <Route path=":schema/:table" element={<TablePage />} />
          <Route path="*" element={<Navigate to={TABLES.home} replace />} />
        </Routes>
      </Shell>
    </Follow>
  );
}
