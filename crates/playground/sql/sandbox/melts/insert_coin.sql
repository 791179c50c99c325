INSERT INTO fresh_coins (melt, place, denomination, ev_sig, link_sig)
VALUES (:melt, :place, :denomination, :ev_sig, :link_sig)
