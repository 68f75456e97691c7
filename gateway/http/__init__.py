"""What every HTTP room shares: authentication, errors, paging, forms, generated URLs."""
