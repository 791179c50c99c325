INSERT INTO stock_movements (product_serial, at_s, reason, change_u, left_u, who, note)
VALUES (:product_serial, :at_s, :reason, :change_u, :left_u, :who, :note)
