SELECT n.denomination, d.h_denom, d.rsa_pub, d.value
FROM refresh_coins n JOIN denominations d ON d.serial = n.denomination
WHERE n.refresh = :refresh
ORDER BY n.place
