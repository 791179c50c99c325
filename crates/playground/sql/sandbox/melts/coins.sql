SELECT denomination, ev_sig, link_sig FROM fresh_coins WHERE melt = :melt ORDER BY place
