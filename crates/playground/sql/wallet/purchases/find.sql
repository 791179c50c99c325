WHERE base_url = :base_url AND order_id = :order_id
