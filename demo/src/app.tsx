import { useEffect, useState } from 'react'
import { HouseContext } from './house-context.ts'
import { openHouse, type House } from './house.ts'
import { useName } from './identity/name.ts'
import { explain } from './lib/explain.ts'
import { Shell } from './shell.tsx'

export function App() {
  const opened = useOpenHouse(useName())
  if (opened === undefined) return null
  if (typeof opened === 'string') return <NoLine reason={opened} />
  return (
    <HouseContext value={opened}>
      <Shell key={opened.name} />
    </HouseContext>
  )
}

function NoLine({ reason }: { readonly reason: string }) {
  return (
    <main className="no-line">
      <h1>No line here</h1>
      <p>{reason}</p>
    </main>
  )
}

/** Another name is another scope: the old line is left, a new one made. A text says why there is none. */
function useOpenHouse(name: string): House | string | undefined {
  const [opened, setOpened] = useState<House | string>()
  useEffect(() => {
    const house = tryToOpen(name)
    setOpened(house)
    return typeof house === 'string' ? undefined : house.close
  }, [name])
  return opened
}

function tryToOpen(name: string): House | string {
  try {
    return openHouse(name)
  } catch (error) {
    return explain(error)
  }
}
