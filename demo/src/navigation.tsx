import { VIEWS, type ViewName } from './lib/use-view.ts'
import { capital } from './lib/format.ts'

export function Navigation({ view, className }: { readonly view: ViewName; readonly className: string }) {
  return (
    <nav className={`navigation ${className}`} aria-label={className === 'bottom-navigation' ? 'Views' : 'Main views'}>
      {VIEWS.map(name => (
        <a key={name} href={`#${name}`} data-name={name} aria-current={name === view ? 'page' : undefined}>
          <Icon name={name} />
          {capital(name)}
        </a>
      ))}
    </nav>
  )
}

const PATHS: Record<ViewName, string> = {
  board: 'M4 5h4v14H4zM10 5h4v9h-4zM16 5h4v11h-4z',
  kitchen: 'M6 10h12v9H6zM6 10a4 4 0 1 1 3-6 4 4 0 0 1 6 0 4 4 0 1 1 3 6M6 16h12',
  floor: 'M4 5h16v11H10l-4 4v-4H4z',
  line: 'M4 6c8 0 6 6 10 6h6M4 12h16M4 18c8 0 6-6 10-6',
}

function Icon({ name }: { readonly name: ViewName }) {
  return (
    <svg viewBox="0 0 24 24" className="icon" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
