import { toggleTheme, useTheme } from './theme.ts'

export function ThemeToggle() {
  const isDark = useTheme() === 'dark'
  return (
    <button
      type="button"
      className="icon-button"
      aria-pressed={isDark}
      aria-label="Dark theme"
      title="Dark theme"
      onClick={toggleTheme}
    >
      <svg viewBox="0 0 24 24" className="icon" aria-hidden="true">
        {isDark ? (
          <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />
        ) : (
          <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5" />
        )}
      </svg>
    </button>
  )
}
