import { Floor } from './floor/floor-view.tsx'
import { Header } from './header.tsx'
import { Kitchen } from './kitchen/kitchen.tsx'
import { NoticeList } from './lib/notice-list.tsx'
import { useView } from './lib/use-view.ts'
import { Navigation } from './navigation.tsx'
import { OfflineBanner } from './offline/offline-banner.tsx'
import { NewerBanner } from './offline/newer-banner.tsx'
import { Board } from './orders/board.tsx'
import { LinePanel } from './panel/line-panel.tsx'

/** Wide: board or kitchen, with line and floor beside it. Narrow: one of the four at a time. */
export function Shell() {
  const view = useView()
  return (
    <div className="shell" data-view={view.name}>
      <Header view={view.name} />
      <div className="banners">
        <OfflineBanner />
        <NewerBanner />
      </div>
      <main className="shell-main">{view.name === 'kitchen' ? <Kitchen station={view.station} /> : <Board />}</main>
      <aside className="shell-side" aria-label="Line and floor">
        <LinePanel />
        <Floor />
      </aside>
      <Navigation view={view.name} className="bottom-navigation" />
      <NoticeList />
    </div>
  )
}
