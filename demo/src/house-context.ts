import { createContext, useContext } from 'react'
import type { House } from './house.ts'

export const HouseContext = createContext<House | undefined>(undefined)

export function useHouse(): House {
  const house = useContext(HouseContext)
  if (house === undefined) throw new Error('useHouse outside of HouseContext')
  return house
}
