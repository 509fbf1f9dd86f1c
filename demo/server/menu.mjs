/** @import { Dish, Station } from '../src/model.ts' */

/** @type {readonly [Dish, ...Dish[]]} */
export const MENU = [
  { id: 'bistecca', name: 'Bistecca', station: 'grill' },
  { id: 'branzino', name: 'Branzino', station: 'grill' },
  { id: 'pollo', name: 'Pollo al mattone', station: 'grill' },
  { id: 'polpo', name: 'Grilled octopus', station: 'grill' },
  { id: 'burrata', name: 'Burrata', station: 'cold' },
  { id: 'tartare', name: 'Tartare', station: 'cold' },
  { id: 'panzanella', name: 'Panzanella', station: 'cold' },
  { id: 'tiramisu', name: 'Tiramisù', station: 'pastry' },
  { id: 'cannoli', name: 'Cannoli', station: 'pastry' },
  { id: 'panna-cotta', name: 'Panna cotta', station: 'pastry' },
  { id: 'negroni', name: 'Negroni', station: 'bar' },
  { id: 'spritz', name: 'Spritz', station: 'bar' },
  { id: 'espresso', name: 'Espresso', station: 'bar' },
]

/** @type {readonly Station[]} */
export const STATIONS = ['grill', 'cold', 'pastry', 'bar']

const byId = new Map(MENU.map(dish => [dish.id, dish]))

/** @param {string} id */
export function findDish(id) {
  return byId.get(id)
}
