INSERT INTO refresh_coins (refresh, place, denomination) VALUES (:refresh, :place, :denomination)
