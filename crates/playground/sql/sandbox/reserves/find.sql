SELECT serial, topped_up - withdrawn AS balance FROM reserves WHERE reserve_pub = :reserve_pub
